"""The neural networks that find and read lines: PP-OCRv6 small, on OpenVINO or ONNX Runtime.

Owns the models and nothing else: pixels in, numbers out. What the numbers mean is `recognise`'s.

Rules it keeps:
- The models come from the installed `rapidocr` package and from nowhere else. That package is
  located, not imported: its own loader downloads what it does not find.
- One thread: each child has one core, and two children with one thread each read 1.5 times as
  much as one child with two.
- The detector is compiled for two fixed page shapes instead of any shape. That costs a little
  white padding and saves 115 MB and a tenth of the time, because all of its buffers are planned
  beforehand. Line widths come in few steps for the same reason.
- OpenVINO is three times faster where the processor computes in bf16; ONNX Runtime is there for
  machines on which OpenVINO does not load. `name` says which one it is.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archivist.examine.images import Pixels

Floats: TypeAlias = NDArray[np.float32]
Canvas: TypeAlias = NDArray[np.uint8]

DETECTOR_LONG, DETECTOR_SHORT = 1280, 928
"""The detector's page: A4 with its long side at 110 dpi. Print down to 7.5 pt is still found."""
LINE_HEIGHT = 48
"""The recogniser reads lines of this height."""

_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"


class EngineMissing(Exception):
    """No engine can be loaded on this machine: the installation is at fault, not the scan."""


class Engine(Protocol):
    """What recognition needs of an engine.

    `alphabet[i]` is the character of class `i`; class 0 is the pause between characters.
    """

    name: str
    alphabet: list[str]

    def text_map(self, canvas: Canvas) -> Floats:
        """The probability of text for each pixel of a grey canvas in one of the two shapes."""
        ...

    def classes(self, strip: Pixels) -> tuple[NDArray[np.int64], Floats]:
        """`(best class, its probability)` for each step along a grey strip of `LINE_HEIGHT`."""
        ...


def load() -> Engine:
    """The fastest engine that loads here. Raises `EngineMissing` when none does."""
    reasons = []
    for make in (OpenVino, OnnxRuntime):
        try:
            return make()
        # A foreign library may fail to load in any way; the other one may still work.
        except Exception as error:
            reasons.append(f"{make.name}: {type(error).__name__}")
    raise EngineMissing(", ".join(reasons))


class OpenVino:
    """The engine on OpenVINO, with the scaling of pixel values compiled into the networks."""

    name = "openvino"

    def __init__(self) -> None:
        # OpenVINO reports every import to its maker over the network, unasked, and keeps an
        # identifier in the home folder. It does without when this package cannot be imported.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino

        self._openvino = openvino
        self._core = openvino.Core()
        self._settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
        self._detectors: dict[tuple[int, int], Any] = {}
        self._recogniser, self.alphabet = self._compiled(_RECOGNISER, LINE_HEIGHT, -1)

    def text_map(self, canvas: Canvas) -> Floats:
        shape = (canvas.shape[0], canvas.shape[1])
        if shape not in self._detectors:
            self._detectors[shape], _ = self._compiled(_DETECTOR, *shape)
        request = self._detectors[shape]
        request.infer([_three_channels(canvas)])
        found: Floats = request.get_output_tensor().data[0, 0]
        return found

    def classes(self, strip: Pixels) -> tuple[NDArray[np.int64], Floats]:
        self._recogniser.infer([_three_channels(strip)])
        steps = self._recogniser.get_output_tensor().data[0]
        return steps.argmax(axis=1), steps.max(axis=1)

    def _compiled(self, name: str, height: int, width: int) -> tuple[Any, list[str]]:
        ov = self._openvino
        model = self._core.read_model(_model_path(name))
        information = model.get_rt_info()
        alphabet = []
        if "framework" in information and "character" in information["framework"]:
            alphabet = _alphabet(information["framework"]["character"].value)
        model.reshape([1, 3, height, width])
        steps = ov.preprocess.PrePostProcessor(model)
        tensor = steps.input().tensor()
        tensor.set_element_type(ov.Type.u8)
        tensor.set_layout(ov.Layout("NHWC"))
        tensor.set_shape([1, height, width, 3])
        steps.input().model().set_layout(ov.Layout("NCHW"))
        steps.input().preprocess().convert_element_type(ov.Type.f32).mean(127.5).scale(127.5)
        compiled = self._core.compile_model(steps.build(), "CPU", self._settings)
        return compiled.create_infer_request(), alphabet


class OnnxRuntime:
    """The engine on ONNX Runtime: slower, but it runs wherever the package installs."""

    name = "onnxruntime"

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # The arena never gives memory back, and pages differ in size.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4

        def session(name: str) -> Any:
            return onnxruntime.InferenceSession(
                str(_model_path(name)), options, providers=["CPUExecutionProvider"]
            )

        self._detector, self._recogniser = session(_DETECTOR), session(_RECOGNISER)
        details = self._recogniser.get_modelmeta().custom_metadata_map
        self.alphabet = _alphabet(details["character"])

    def text_map(self, canvas: Canvas) -> Floats:
        found: Floats = self._run(self._detector, canvas)[0, 0]
        return found

    def classes(self, strip: Pixels) -> tuple[NDArray[np.int64], Floats]:
        steps = self._run(self._recogniser, strip)[0]
        return steps.argmax(axis=1), steps.max(axis=1)

    def _run(self, session: Any, pixels: Pixels) -> Any:
        scaled = (_three_channels(pixels).astype(np.float32) - 127.5) / 127.5
        planes = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
        return session.run(None, {session.get_inputs()[0].name: planes})[0]


def _three_channels(pixels: Pixels) -> Pixels:
    return np.repeat(pixels[None, :, :, None], 3, axis=3)


def _alphabet(characters: str) -> list[str]:
    """The classes in order: the pause, the model's characters, the space."""
    return ["", *characters.splitlines(), " "]


def _model_path(name: str) -> Path:
    found = importlib.util.find_spec("rapidocr")
    for folder in (found.submodule_search_locations if found else None) or ():
        path = Path(folder, "models", name)
        if path.is_file():
            return path
    raise EngineMissing(f"model {name} is not installed")
