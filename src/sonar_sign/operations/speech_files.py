"""The files of speech: which translations a config has spoken, and what of them is read."""

import shlex
from typing import Any

from sonar_sign.core.speech_options import FeelingOptions, StyleOptions
from sonar_sign.operations.config_speech import engine_settings, spoken_languages
from sonar_sign.operations.corpus_files import CorpusFiles
from sonar_sign.operations.workflow_flags import flags

_STYLE = frozenset(StyleOptions.__dataclass_fields__)
# Settings of feelings that say nothing where there is no text model.
_OF_WORDS = ("text_model", "text_language", "threshold")


class SpeechFiles(CorpusFiles):
    """The files of speech of one config's workflow."""

    def spoken(self) -> list[str]:
        """The folder of every system and language that is spoken."""
        speech, folders = self.values["speech"], []
        for name in speech["systems"]:
            run, system = self.experiment.runs_of_system(name)[0], self.experiment.systems[name]
            folders += [
                f"{self.results}/speech/{run.label}/{language}"
                for language in spoken_languages(self.values)
                if language in system.languages
            ]
        return folders

    def speech_inputs(self, corpus: str, system: str, language: str) -> dict[str, str | list[str]]:
        """What `speak` reads; `predictions` and `weights` are no flags."""
        end = "" if language == self.captions else f".{language}"
        inputs: dict[str, str | list[str]] = {
            "predictions": f"results/{corpus}/predictions/{system}/{self.evaluated}{end}.tsv"
        }
        if self.values["speech"]["clips"] == "samples":
            inputs["samples"] = f"results/{corpus}/samples/{system}.json"
        feelings = self._feelings(language)
        if feelings["hands"]:
            inputs["landmarks"] = self.shards(
                "landmarks/{split}/{shard}.npy", corpus, self.evaluated
            )
            inputs["manifest"] = f"results/{corpus}/manifests/{self.evaluated}.tsv"
        if feelings["text_model"]:
            inputs["weights"] = f"{feelings['text_model']}/model.safetensors"
        return inputs

    def speech_flags(self, language: str) -> str:
        """The flags of `speak` that name no file."""
        style = {key: one for key, one in self.values["speech"].items() if key in _STYLE}
        feelings = self._feelings(language)
        parts = [
            f"--language {shlex.quote(language)}",
            flags(engine_settings(self.values, language)),
            flags(style),
            flags(feelings, *(() if feelings["text_model"] else _OF_WORDS)),
            flags({"rows_per_s": self.values["landmarks"]["fps"]} if feelings["hands"] else {}),
        ]
        return " ".join(part for part in parts if part)

    def _feelings(self, language: str) -> dict[str, Any]:
        """The section `feelings`, without what is of no use for a language."""
        feelings = dict(self.values["feelings"])
        if self.values["speech"]["style"] != "auto":
            feelings |= {"hands": False, "text_model": ""}
        if language != feelings["text_language"]:
            feelings["text_model"] = ""
        return {name: feelings[name] for name in FeelingOptions.__dataclass_fields__}
