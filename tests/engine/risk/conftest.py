"""Makes a failed assertion in a case of a guard show its values, as an assertion in a test does."""

import pytest

pytest.register_assert_rewrite("guard_cases")
