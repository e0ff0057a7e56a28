# SPDX-License-Identifier: MIT
"""Throw-away servers, the service itself and a small client, for the tests that go through HTTP."""
