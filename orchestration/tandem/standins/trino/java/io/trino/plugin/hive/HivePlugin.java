package io.trino.plugin.hive;

import io.trino.spi.Plugin;
import io.trino.spi.connector.ConnectorFactory;

import java.util.List;

/** The connector's entry, which its published jar lacks. */
public final class HivePlugin
        implements Plugin
{
    @Override
    public Iterable<ConnectorFactory> getConnectorFactories()
    {
        return List.of(new HiveConnectorFactory("hive"));
    }
}
