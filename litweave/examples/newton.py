r"""# Square roots by Newton's method

Which number, times itself, is $a$? Guess one, $x$. If the guess is too large, $a / x$
is too small, and the root lies between them. So their mean is a better guess:

$$x_{k+1} = \frac{1}{2} \left( x_k + \frac{a}{x_k} \right)$$

## Notation

- $a$, `a`: the number whose root is sought
- $x$, `x`: the guess; $x_k$ is the one after $k$ steps
- $\varepsilon$, `tolerance`: how far $x^2$ may be from $a$, relative to it

## Example

>>> root = square_root(2.0)
>>> f"{root:.12f}"
'1.414213562373'
"""


def square_root(a: float, tolerance: float = 1e-12) -> float:
    r"""The number $x$ with $|x^2 - a| \le \varepsilon a$.

    **Raises.** `ValueError` if $a$ is not above zero.
    """
    if a <= 0:
        raise ValueError(f"a must be above zero, got {a}")

    # Any guess above zero will do. This one is never below the root, since
    # $(a + 1)^2 \ge 4a$.
    x = (a + 1) / 2

    # Each step doubles the number of digits that are right, once a few are: the error
    # $x_k - \sqrt{a}$ is squared, and divided by $2 x_k$.
    while abs(x * x - a) > tolerance * a:
        x = (x + a / x) / 2
    return x
