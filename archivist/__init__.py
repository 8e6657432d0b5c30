"""The stem: joins storage, index and policies, orders the steps and talks to people."""
