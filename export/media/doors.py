"""Pure. Which doors a decoder may open: the same for ffmpeg and for PyAV.

The protocol list alone is not enough: a playlist renamed to .mp4 still reads a neighbour's local
file through it, that is, another case's evidence. So playlists are not among the formats.
"""

PROTOCOLS = "file"
FORMATS = "mov,matroska,avi,mpegts,mpeg,h264,hevc,mjpeg,asf,dhav,flv,mxf,wav,mp3,aac"
