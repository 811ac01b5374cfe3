"""From a picture to 28 x 28 pixels as MNIST made them: decoding, ink, normalising one digit.

OpenCV reads once, when it is imported, how large a picture it may decode. So the limits are set here, before any file
of this folder imports it; a program that takes files from strangers imports this folder before it imports cv2.
"""

import os

MIN_SIDE, MAX_SIDE = 8, 4096  # of a picture that is accepted, in pixels

for _limit, _value in (("WIDTH", MAX_SIDE), ("HEIGHT", MAX_SIDE), ("PIXELS", MAX_SIDE**2)):
    os.environ.setdefault(f"OPENCV_IO_MAX_IMAGE_{_limit}", str(_value))
