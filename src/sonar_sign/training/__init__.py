"""Fine-tuning: losses, data, and the two stages; Lightning's Trainer runs them."""
