"""The counter page (核验台): what a clerk sees of a verdict, and how it can't be misread. See docs/architecture.md."""
