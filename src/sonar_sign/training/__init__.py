"""Training: losses, data, and one module for each kind of training.

How a training runs through the modules, for example `sonar-sign train_sign_encoder`:

1. `cli/training.py` reads the flags into a task, here `SignEncoderTraining` (`sign_encoder.py`;
   the others: `video_encoder.py`, `joint.py`, `landmark_translator.py`, `fused.py`). `kinds.py`
   is the table of the kinds that the config and the workflow read.
2. `task.run_training` chooses the device, seeds everything, and lets the task `prepare`: open the
   clips (`data.py`, `landmark_data.py`) with their targets and captions (`supervision.py`), load
   the models, and build the LightningModule (`module.py`) with its losses and validation.
   `provenance.py` collects what the checkpoints will say about how they were made.
3. `trainer.fit` locks the training's folder (`lock.py`), resumes there or starts over
   (`training_folder.py`), settles `batch_size: auto` (`batch_size.py`) and calls Lightning.

One step:

4. `mix.sample_epoch` says which clips the epoch has; `batches.StepBatches` puts clips of similar
   length into steps and divides a step over processes; the loader reads them into a `Batch`.
5. `TrainingModule.training_step` calls `losses_of(batch)`: the model embeds the clips
   (`VideoToEmbedding`, `FeaturesToEmbedding`, `FusedEncoder`), `losses.Losses` compares the
   embeddings with SONAR's, and Lightning does backward, clipping and AdamW.
6. `callbacks.py` and `progress.py` write curves, progress and the state to resume from. After an
   epoch the module validates (`validation.py`) and `KeepBest` saves if it is among the best.

At the end `training_folder.finish` copies the best checkpoint and the curves to their places.
"""
