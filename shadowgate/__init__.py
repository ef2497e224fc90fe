"""ShadowGate: an HTTP gateway whose main job is traffic mirroring."""

__version__ = "0.1.0"
