"""Subjective ratings (主観データ): category 3, typed in on the wearer's page, without a device's proof."""
