"""Everything that becomes inputs of the network: data sets, drawings, and where they are kept."""
