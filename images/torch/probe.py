"""Tries what the framework must do on a device; `shared.probe` names the steps and what they must find."""

import sys
from typing import Tuple

from shared.probe import FEATURES, FILTERS, IMAGES, KERNEL, ROWS, SIDE, UNITS, Operations, main


def framework(device: str) -> str:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} finds no GPU that it can use")
    return f"{torch.__version__} on {torch.cuda.get_device_name() if device == 'cuda' else 'cpu'}"


def convolution(device: str) -> Tuple[float, float]:
    import torch

    images = torch.ones(IMAGES, 1, SIDE, SIDE, device=device)
    kernel = torch.ones(FILTERS, 1, KERNEL, KERNEL, device=device, requires_grad=True)
    result = torch.nn.functional.conv2d(images, kernel)
    result.sum().backward()
    return result[0, 0, 0, 0].item(), kernel.grad[0, 0, 0, 0].item()


def product(device: str) -> Tuple[float, float]:
    import torch

    weights = torch.ones(FEATURES, UNITS, device=device, requires_grad=True)
    result = torch.ones(ROWS, FEATURES, device=device) @ weights
    result.sum().backward()
    return result[0, 0].item(), weights.grad[0, 0].item()


def compiled(device: str) -> float:
    """Compile with Inductor, which needs a compiler of C++ on the CPU and of C for Triton's launchers."""
    import torch

    layer = torch.compile(lambda images, weights: torch.relu(images @ weights))
    return layer(torch.ones(ROWS, FEATURES, device=device), torch.ones(FEATURES, UNITS, device=device))[0, 0].item()


if __name__ == "__main__":  # trials run eagerly: no mode needs what compiles
    sys.exit(main(Operations(framework, convolution, product, compiled, compiling_mode="")))
