"""From a picture to 28 x 28 pixels as MNIST made them: decoding, ink, normalising one digit."""
