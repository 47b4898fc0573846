"""Stream processors: they check every report against every claim as events arrive."""
