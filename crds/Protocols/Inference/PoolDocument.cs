using System.Security.Cryptography;
using System.Text.Json;
using WafOperator.Protocols.Policies;

namespace WafOperator.Protocols.Inference;

/// <summary>
/// What every server of an InferencePool is to serve. Written by the operator, read by the servers with the long poll
/// that Distribution.md describes: a server loads what is new before it unloads what is no longer listed, and keeps
/// what it has on every error.
/// </summary>
public sealed record PoolDocument
{
    public const string FormatVersion = "waf-pool/v1";

    public string Format { get; init; } = FormatVersion;

    public required string Namespace { get; init; }

    /// <summary>Name of the InferencePool.</summary>
    public required string Pool { get; init; }

    /// <summary>SHA-256 (hexadecimal) of everything else in the document: equal content, equal revision.</summary>
    public required string Revision { get; init; }

    /// <summary>The models, required ones first, each digest once.</summary>
    public IReadOnlyList<PoolModel> Models { get; init; } = [];

    /// <summary>
    /// Keys that calls must carry a code of (<see cref="PoolAccess"/>), the one in use first. Empty: nobody is asked
    /// for one.
    /// </summary>
    public IReadOnlyList<string> AccessKeys { get; init; } = [];

    /// <summary>A document with its revision.</summary>
    public static PoolDocument Of(
        string @namespace, string pool, IReadOnlyList<PoolModel> models, IReadOnlyList<string>? accessKeys = null)
    {
        var unnamed = new PoolDocument
        {
            Namespace = @namespace, Pool = pool, Revision = "", Models = models, AccessKeys = accessKeys ?? [],
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(unnamed, ProtocolJson.Default.Options);
        return unnamed with { Revision = Convert.ToHexStringLower(SHA256.HashData(json)) };
    }
}

/// <summary>One version of a family that a pool serves.</summary>
public sealed record PoolModel
{
    /// <summary>Model family: the model's name in the paths of the API; its version there is the package's.</summary>
    public required string Model { get; init; }

    /// <summary>The package: fetched by digest from the distribution, verified by the server itself.</summary>
    public required ModelBlob Package { get; init; }

    /// <summary>
    /// True for promoted versions: a server is ready only when all of these are loaded. False for candidates and for
    /// previous versions: one that cannot be loaded never takes a server out of service.
    /// </summary>
    public bool IsRequired { get; init; }
}
