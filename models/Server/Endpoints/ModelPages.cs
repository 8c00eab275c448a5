using System.Text.Json;
using Microsoft.AspNetCore.Http;
using WafOperator.Models.Server.Repository;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>V2's server metadata.</summary>
internal sealed record ServerMetadata(string Name, string Version, IReadOnlyList<string> Extensions);

/// <summary>A line of V2's repository index, with the package's digest.</summary>
internal sealed record IndexEntry(string Name, string Version, string State, string? Reason, string Digest);

/// <summary>Metadata, index, load and unload. Thread-safe.</summary>
/// <param name="repository">The models.</param>
/// <param name="keeper">Loads more.</param>
/// <param name="folder">Folder that models may be loaded from over the API; null: they may not.</param>
/// <param name="limits">Bounds.</param>
/// <param name="version">Version of the server.</param>
internal sealed class ModelPages(
    ModelRepository repository, RepositoryKeeper keeper, PackageFolder? folder, RequestLimits limits, string version)
{
    public ServerMetadata Server() =>
        new("waf-inference", version, ["binary_tensor_data", "model_repository", "waf_compact"]);

    /// <summary>A name of a path, within its bound.</summary>
    public string Name(string text) => text.Length <= limits.NameLengthMax
        ? text
        : throw RefusedException.TooLarge($"a name has at most {limits.NameLengthMax} characters");

    public PoolModelMetadata Metadata(string model, string? of)
    {
        var lookup = repository.Acquire(Name(model), of is null ? null : Name(of));
        if (lookup.Model is not { } served) throw new RefusedException(lookup.Error, lookup.Message!);
        try
        {
            var values = new PoolTensor { Name = ValueCall.InputName, Datatype = V2Datatypes.Bytes, Shape = [-1] };
            var score = new PoolTensor { Name = "score", Datatype = "FP32", Shape = [-1] };
            var whole = values with { Name = WholeRequestCall.InputName };
            var isWhole = served.Tokenizer is not null;
            return new PoolModelMetadata
            {
                Name = served.Manifest.Name,
                Versions = of is null ? repository.ReadyVersions(model) : [of],
                Inputs =
                [
                    .. served.Inputs.Select(TensorOf), .. Only(served.TakesValues, values), .. Only(isWhole, whole),
                ],
                Outputs = [.. served.Outputs.Select(TensorOf), .. Only(served.TakesValues || isWhole, score)],
                Digest = served.Digest,
                Manifest = served.Manifest,
            };
        }
        finally
        {
            served.Release();
        }
    }

    /// <summary>Null when the model is loaded; else why not.</summary>
    public string? NotReady(string model, string? of)
    {
        var lookup = repository.Acquire(Name(model), of is null ? null : Name(of));
        lookup.Model?.Release();
        return lookup.Error is InferenceErrorCode.ModelUnknown
            ? throw new RefusedException(lookup.Error, lookup.Message!)
            : lookup.Message;
    }

    /// <summary>Every model, or with <c>{"ready": true}</c> those that are loaded.</summary>
    public async Task<IReadOnlyList<IndexEntry>> IndexAsync(HttpContext http)
    {
        using var body = await ReadAsync(http);
        var onlyReady = body?.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("ready", out var ready) && ready.ValueKind is JsonValueKind.True;
        return
        [
            .. repository.Statuses().Where(s => !onlyReady || s.State == "READY")
                .Select(s => new IndexEntry(s.Model, s.Version, s.State, s.Reason, s.Digest)),
        ];
    }

    /// <summary>Loads a model of the folder: the version that <c>parameters</c> names, or all of them.</summary>
    public async Task LoadAsync(HttpContext http, string model)
    {
        var source = folder ?? throw Forbidden();
        using var body = await ReadAsync(http);
        var of = VersionOf(body);
        var found = (await keeper.ReadFolderAsync(source, http.RequestAborted))
            .Where(m => m.Model == Name(model) && (of is null || m.Package.Version == of)).ToList();
        if (found.Count == 0)
            throw new RefusedException(InferenceErrorCode.ModelUnknown, $"the folder has no package of {model} {of}");
        foreach (var wanted in found)
        {
            if (await keeper.AddAsync(wanted, http.RequestAborted) is { } problem)
                throw new RefusedException(InferenceErrorCode.ModelNotReady, problem);
        }
    }

    /// <summary>Lets go of every version of a model.</summary>
    public Task UnloadAsync(string model)
    {
        if (folder is null) throw Forbidden();
        var versions = repository.Known().Where(k => k.Model == Name(model)).ToList();
        if (versions.Count == 0)
            throw new RefusedException(InferenceErrorCode.ModelUnknown, $"there is no model {model}");
        foreach (var known in versions) repository.Remove(known.Model, known.Version);
        return Task.CompletedTask;
    }

    private static RefusedException Forbidden() => new(
        InferenceErrorCode.Forbidden,
        "models of this server are given by its operator or folder; start it with --repository-changes to change them");

    private static string? VersionOf(JsonDocument? body) =>
        body?.RootElement is { ValueKind: JsonValueKind.Object } root
        && root.TryGetProperty("parameters", out var parameters) && parameters.ValueKind is JsonValueKind.Object
        && parameters.TryGetProperty("version", out var of) && of.ValueKind is JsonValueKind.String
            ? of.GetString()
            : null;

    /// <summary>A small JSON body, or null when there is none.</summary>
    private async Task<JsonDocument?> ReadAsync(HttpContext http)
    {
        const int bytesMax = 64 << 10;
        using var body = await new BodyBuffers(limits with { BodyBytesMax = bytesMax })
            .ReadAsync(http.Request, http.RequestAborted);
        if (body.Bytes.Length == 0) return null;
        try
        {
            return JsonDocument.Parse(body.Bytes, new JsonDocumentOptions { MaxDepth = limits.JsonDepthMax });
        }
        catch (JsonException failure)
        {
            throw RefusedException.Malformed($"the body is not JSON: {failure.Message}");
        }
    }

    private static PoolTensor[] Only(bool isThere, PoolTensor tensor) => isThere ? [tensor] : [];

    private static PoolTensor TensorOf(OrtTensorInfo tensor) =>
        new() { Name = tensor.Name, Datatype = V2Datatypes.NameOf(tensor.ElementType), Shape = tensor.Shape };
}
