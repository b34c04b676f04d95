"""Tries what PyTorch must do on a device: a convolution and a matrix product with gradients, a compiled layer.

`python -m images.torch.probe cpu|cuda [MODE...]`; reads beside `images/tf/probe.py`.
"""

import sys
from typing import List

from shared.probe import Step, agree, asked, tell


def main() -> int:
    device, modes = asked()
    return tell(steps(device, modes))


def steps(device: str, modes: List[str]) -> List[Step]:  # noqa: ARG001 - as images/tf has it
    return [
        Step("framework", True, lambda: framework(device)),
        Step("convolution", True, lambda: convolution(device)),
        Step("product", True, lambda: product(device)),
        Step("compile", False, lambda: compiled(device)),  # trials run eagerly: no mode needs it
    ]


def framework(device: str) -> str:
    """Import it; RuntimeError where it finds no GPU that it can use."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} finds no GPU that it can use")
    return f"{torch.__version__} on {torch.cuda.get_device_name() if device == 'cuda' else 'cpu'}"


def convolution(device: str) -> str:
    """Convolve ones with ones: 9 at every place; the kernel's gradient counts the places."""
    import torch

    images = torch.ones(8, 1, 28, 28, device=device)
    kernel = torch.ones(32, 1, 3, 3, device=device, requires_grad=True)
    result = torch.nn.functional.conv2d(images, kernel)
    result.sum().backward()
    agree(kernel.grad[0, 0, 0, 0].item(), 8 * 26 * 26)
    return agree(result[0, 0, 0, 0].item(), 9)


def product(device: str) -> str:
    """Multiply ones with ones: 1024 at every place; the weights' gradient counts the rows."""
    import torch

    weights = torch.ones(1024, 10, device=device, requires_grad=True)
    result = torch.ones(64, 1024, device=device) @ weights
    result.sum().backward()
    agree(weights.grad[0, 0].item(), 64)
    return agree(result[0, 0].item(), 1024)


def compiled(device: str) -> str:
    """Compile a dense layer with Inductor, which needs a compiler of C++ on the CPU and of C for Triton's launchers."""
    import torch

    layer = torch.compile(lambda images, weights: torch.relu(images @ weights))
    result = layer(torch.ones(64, 1024, device=device), torch.ones(1024, 10, device=device))
    return agree(result[0, 0].item(), 1024)


if __name__ == "__main__":
    sys.exit(main())
