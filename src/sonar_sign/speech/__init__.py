"""Speech: translations read aloud, in a style, by engines that run as programs of their own."""
