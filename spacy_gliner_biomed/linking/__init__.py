"""From entities to concept ids: terminologies, candidate search, ranking, the linker component."""
