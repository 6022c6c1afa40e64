"""From course materials to an answer key: bundle, explanations, evidence, rules, key."""
