//! The store of decryption materials: limits, ages, least recently used first, loads in flight. Knows neither AWS nor Lambda.
