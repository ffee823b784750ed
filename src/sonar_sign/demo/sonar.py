"""The demo's stand-in for SONAR: a tiny text encoder and decoder for two languages.

It is trained on translation in all four directions, so that the embedding of a sentence
represents its meaning and not its language. The result is an ordinary SONAR folder.
"""

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from torch.nn import functional

from sonar_sign.core.demo_options import PLAIN, DifficultyOptions, SonarPretrainOptions
from sonar_sign.core.progress import track
from sonar_sign.demo.discourse import draw_texts
from sonar_sign.demo.grammar import LANGUAGES


def pretrain_sonar(
    folder: Path,
    seed: int,
    options: SonarPretrainOptions,
    exclude: Collection[str] = (),
    difficulty: DifficultyOptions = PLAIN,
) -> None:
    """Train a tiny SONAR and write it to `folder` (see `sonar_sign.models.sonar_text`).

    The same seed and options give the same weights on the same machine with the same number of
    threads.

    Args:
        exclude: English sentences that must not occur in training, such as test captions.
        difficulty: of the corpora whose sentences it will embed.
    """
    # Importing fairseq2 takes seconds.
    from sonar_sign.models.sonar_tiny import TinySonarShape, create_sonar_folder, save_weights

    folder = Path(folder)
    rng = np.random.default_rng(seed)
    sentences = draw_texts(options.n_pairs, difficulty, rng, frozenset(exclude))
    texts = {language: [s.text(language) for s in sentences] for language in LANGUAGES}
    shape = TinySonarShape(options.width, options.n_layers, options.n_heads, options.ffn_width)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        torch.random.fork_rng(devices=[]),
        tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch,
    ):
        torch.manual_seed(seed)
        tokenizer, unfinished = Path(scratch) / "tokenizer", Path(scratch) / "sonar"
        all_texts = [text for language in LANGUAGES for text in texts[language]]
        _train_tokenizer(tokenizer, all_texts, options.vocabulary_size)
        sonar = create_sonar_folder(unfinished, tokenizer, LANGUAGES, shape)
        _train(sonar, texts, options)
        save_weights(sonar)
        # Files are moved at the very end, so that a killed training leaves no incomplete folder.
        folder.mkdir(exist_ok=True)
        for file in unfinished.iterdir():
            os.replace(file, folder / file.name)


def _train_tokenizer(path: Path, texts: list[str], vocabulary_size: int) -> None:
    """Write a sentencepiece model with `<unk>`, `<s>`, `</s>` at 0, 1, 2 and no `<pad>`."""
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=file,
            # Byte-pair encoding merges up to whole words, which keeps sequences short; on so few
            # words the unigram model stops far below the requested vocabulary size.
            model_type="bpe",
            vocab_size=vocabulary_size,
            hard_vocab_limit=False,
            character_coverage=1.0,
            pad_id=-1,
            unk_id=0,
            bos_id=1,
            eos_id=2,
            num_threads=1,
            minloglevel=2,
        )


def _train(sonar, texts: dict[str, list[str]], options: SonarPretrainOptions) -> None:
    """Train encoder and decoder of the `SonarText` in place."""
    parameters = [*sonar.encoder.parameters(), *sonar.decoder.parameters()]
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.learning_rate, total_steps=options.n_steps, pct_start=0.1
    )
    source = {language: sonar.tokenize(texts[language], language, "source") for language in texts}
    target = {language: sonar.tokenize(texts[language], language, "target") for language in texts}
    sonar.encoder.train()
    sonar.decoder.train()
    for step in track(range(options.n_steps), "Training the demo's SONAR", options.n_steps):
        rows = torch.randint(options.n_pairs, (options.batch_size,)).tolist()
        embeddings = sonar.embed_tokens(
            [source[language][row] for language in LANGUAGES for row in rows]
        )  # (2 * batch_size, width), English sentences first
        noise = options.noise * embeddings.detach().std() * torch.randn_like(embeddings)
        # All four directions: even steps decode the same language, odd steps the other one.
        languages = LANGUAGES if step % 2 == 0 else LANGUAGES[::-1]
        translation_loss = sonar.token_loss(
            embeddings + noise,
            [target[language][row] for language in languages for row in rows],
            score_language=True,
        )
        loss = translation_loss + options.alignment * functional.mse_loss(*embeddings.chunk(2))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
    sonar.encoder.eval()
    sonar.decoder.eval()
