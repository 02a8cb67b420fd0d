"""numpy."""

import numpy as np

from gfruntime import Frame


def answer() -> Frame:
    """Solve a linear system."""
    rounded = np.linalg.solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([84.0, 168.0]))
    return Frame.of(value=rounded, noise=np.random.default_rng(1).random(2))
