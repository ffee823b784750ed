"""A worker process without models: it speaks the protocol, and misbehaves where it is told to.

What it does is chosen by `window_s` of the request.
"""

import json
import os
import sys
import time

CRASH, HANG, FLOOD, SLOW, NONSENSE, CHATTY = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0
SYSTEMS = [
    {"name": name, "caption_language": "eng_Latn", "languages": ["eng_Latn", "ita_Latn"]}
    for name in ("first", "second")
]


def send(**message) -> None:
    print(json.dumps(message), flush=True)


def work(job: dict) -> None:
    id_, request = job["id"], job["request"]
    send(id=id_, event="stage", stage="reading", part=0, n_parts=1)
    behaviour = request["window_s"]
    with open(job["path"], "rb") as file:
        size = len(file.read())
    if behaviour == CRASH:
        os.abort()
    if behaviour == HANG:
        time.sleep(600)
    if behaviour == FLOOD:
        sys.stdout.write("x" * 1_000_000)
        sys.stdout.flush()
    if behaviour == NONSENSE:
        print("this is no JSON", flush=True)
    if behaviour == SLOW:
        time.sleep(0.05)
    if behaviour == CHATTY:
        for number in range(6000):
            send(id=id_, event="stage", stage="face", part=number, n_parts=6000)
    texts = {code: [{"text": f"{size} bytes", "score": -1.0}] for code in request["languages"]}
    for system in request["systems"]:
        send(id=id_, event="part", system=system, start_s=0.0, end_s=1.0, texts=texts)
    send(id=id_, event="done")


def main() -> None:
    json.loads(sys.stdin.readline())
    send(event="ready", systems=SYSTEMS, speech={"languages": [], "styles": []})
    for line in sys.stdin:
        message = json.loads(line)
        if "cancel" not in message:
            work(message)


if __name__ == "__main__":
    main()
