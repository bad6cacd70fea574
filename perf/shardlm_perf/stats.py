"""Summaries of samples as `shardlm bench` makes them, and Welch's t-test, with Python's standard library alone."""
import math


def percentile(ordered, percent):
    """The element round(percent / 100 (n - 1)) of a sorted sample, halves away from zero."""
    return ordered[math.floor(percent / 100 * (len(ordered) - 1) + 0.5)]


def summary(sample, unit="ms"):
    """S of docs/results.md."""
    ordered, n = sorted(sample), len(sample)
    mean = math.fsum(sample) / n
    std = math.sqrt(math.fsum((x - mean) ** 2 for x in sample) / n)
    return {"unit": unit, "n": n, "mean": mean, "std": std, "min": ordered[0], "max": ordered[-1], "p50": percentile(ordered, 50),
            "p95": percentile(ordered, 95), "p99": percentile(ordered, 99), "cv": std / mean if mean else 0.0}


def mean_and_error(s):
    """Of a summary: its mean and the mean's standard error, from the unbiased variance."""
    return s["mean"], s["std"] / math.sqrt(s["n"] - 1)


class Difference:
    """Of two samples' means, b - a, by Welch's t-test: relative, low and high (95 % interval), p. None of these with too few values."""

    def __init__(self, a, b):
        self.relative = b["mean"] / a["mean"] - 1 if a["mean"] else None
        self.p = self.low = self.high = None
        if a["n"] < 2 or b["n"] < 2:
            return
        (mean_a, error_a), (mean_b, error_b) = mean_and_error(a), mean_and_error(b)
        error, difference = math.hypot(error_a, error_b), mean_b - mean_a
        if error == 0:  # constants: equal, or different without a doubt
            self.p, spread = float(difference == 0), 0.0
        else:
            freedom = error ** 4 / (error_a ** 4 / (a["n"] - 1) + error_b ** 4 / (b["n"] - 1))
            self.p, spread = two_sided_p(difference / error, freedom), t_quantile(0.05, freedom) * error
        if a["mean"]:
            self.low, self.high = (difference - spread) / a["mean"], (difference + spread) / a["mean"]


def two_sided_p(t, freedom):
    """The chance of a Student's t as far from zero as this."""
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def t_quantile(p, freedom):
    """The t beyond which, on both sides together, lies p."""
    low, high = 0.0, 1.0
    while two_sided_p(high, freedom) > p:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, freedom) > p else (low, middle)
    return high


def incomplete_beta(a, b, x):
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly
        return 1 - incomplete_beta(b, a, 1 - x)
    tiny = 1e-300
    c, d = 1.0, 1 / max(1 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 1000):
        for factor in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 / (1 + factor * d or tiny)
            c = 1 + factor / c or tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * fraction / a


def holm(p_values, rate):
    """Which of many tests are significant so that the chance of any false alarm among them all is at most `rate` (Holm, 1979)."""
    significant = [False] * len(p_values)
    order = sorted((i for i, p in enumerate(p_values) if p is not None), key=lambda i: p_values[i])
    for done, i in enumerate(order):
        if p_values[i] > rate / (len(order) - done):
            break
        significant[i] = True
    return significant
