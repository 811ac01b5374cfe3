"""Usual wrong answers to the exercises of the course: lines that set `answer`, run where the exercise stands."""

WRONG = {
    "0.1": ["answer = 8", "answer = (2.01**3 - 2**3) / 0.02"],
    "0.2": [
        "def answer(function, x, nudge):\n    return (function(x + nudge) - function(x)) / nudge",
        "def answer(function, x, nudge):\n    return (function(x + nudge) - function(x - nudge)) / nudge",
    ],
    "0.3": ["answer = 12", "answer = 8"],
    "0.4": ["answer = 0.45", "answer = -1"],
    "0.5": ["answer = (200, 100)", "answer = (784, 784)"],
    "0.6": [
        "def answer(inputs, weights):\n    return weights @ inputs.T",
        "def answer(inputs, weights):\n    return inputs @ weights",
        "def answer(inputs, weights):\n    return inputs * weights",
    ],
    "1.1": ["answer = 1.0986", "answer = 0.25"],
    "1.2": [
        "def answer(output):\n    return sigmoid(output) * (1 - sigmoid(output))",
        "def answer(output):\n    return output",
    ],
    "1.3": [
        "answer = (says_three == is_three).mean(), says_three, is_three",
        "answer = is_three.mean(), says_three, is_three",
    ],
    "1.4": ["answer = 1, 1, 0", "answer = 1, 1, -0.5", "answer = 1, 1, -2"],
    "1.5": ["def answer(a, b, c):\n    return a @ b @ c", "def answer(a, b, c):\n    return a.T @ b.T @ c.T"],
    "1.6": ["answer = 2", "answer = 8"],
}
