using System.Globalization;

namespace WafOperator.Resources.Pools;

/// <summary>Where a pool is reached: the Service has the pool's name, the port is the same everywhere.</summary>
public static class PoolEndpoint
{
    /// <summary>Port of the Service and of the inference server (plain HTTP/1.1 and HTTP/2, pod network).</summary>
    public const int Port = 8500;

    /// <summary>Base URL of a pool.</summary>
    public static string UrlOf(string @namespace, string pool) =>
        string.Create(CultureInfo.InvariantCulture, $"http://{pool}.{@namespace}.svc:{Port}");
}
