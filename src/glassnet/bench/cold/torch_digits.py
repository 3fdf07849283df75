# pyright: basic, reportMissingImports=false
"""The digits, 64-32-10 tanh, batches of 32, 40 epochs, in PyTorch."""

import sys


def main(path: str) -> None:
    """Train on the file's training part, print the accuracy on its test part."""
    import numpy as np
    import torch
    from torch import nn

    data = {name: torch.from_numpy(values) for name, values in np.load(path).items()}
    x, test_x = (data[f"{part}_pixels"].reshape(-1, 64) / 16 for part in ("train", "test"))
    y, test_y = (data[f"{part}_labels"].long() for part in ("train", "test"))
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    loss = nn.CrossEntropyLoss()
    for _ in range(40):
        for batch in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss(net(x[batch]), y[batch]).backward()
            optimizer.step()
    print((net(test_x).argmax(1) == test_y).float().mean().item())


if __name__ == "__main__":
    main(sys.argv[1])
