"""The team's MCP server: what an agent does with its team while its run goes on."""
