"""Where the chain and the models meet: gateway, clients, keeper, simulation and reference."""
