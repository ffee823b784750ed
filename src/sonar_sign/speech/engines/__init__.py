"""Programs that turn text into WAV files; each runs as `python -m` in a process of its own.

A program reads requests as JSON lines from standard input and answers each with a JSON line on
standard output (`sonar_sign/speech/protocol.py`). It imports nothing of sonar-sign that needs
PyTorch, so that it also runs in an environment of its own.
"""
