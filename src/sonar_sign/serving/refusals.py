"""Why a video is not accepted; apart, so that the server imports nothing that decodes videos."""


class RefusedVideoError(Exception):
    """Why a video is not accepted; `code` is one of a short list that the page translates."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code
