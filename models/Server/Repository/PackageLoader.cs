using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Values;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Repository;

/// <summary>Number format of the weights that is preferred.</summary>
internal enum ModelPrecision { Fp32, Fp16, Int8 }

/// <summary>What a package must be.</summary>
/// <param name="Digest">Digest, or null when only a folder vouches for it.</param>
/// <param name="Model">Family, or null.</param>
/// <param name="Version">Version, or null.</param>
/// <param name="Signature">Base64 signature over name, version and digest, or null.</param>
/// <param name="PublicKeyPem">Key that checks it, or null.</param>
internal sealed record PackageClaim(
    string? Digest = null, string? Model = null, string? Version = null, string? Signature = null,
    string? PublicKeyPem = null);

/// <summary>A model, or why there is none.</summary>
internal sealed record PackageLoading(ServedModel? Model, string? Error);

/// <summary>
/// Turns package bytes into a model that runs: digest, signature, operators, shapes and golden vectors are checked,
/// then every shape is run once. Never throws on bad packages. Thread-safe.
/// </summary>
internal sealed class PackageLoader(OrtRuntime runtime, LoaderOptions options)
{
    private const string PlainFile = "model.onnx";

    public PackageLoading Load(ReadOnlyMemory<byte> archive, PackageClaim claim)
    {
        var reading = ModelPackageReader.Read(archive, claim.Digest, options.Limits);
        if (reading.Package is not { } package) return new(null, reading.Error);
        if (Mismatch(package, claim) is { } wrong) return new(null, wrong);
        if (SignatureProblem(IdentityOf(package), claim) is { } unsigned) return new(null, unsigned);
        var file = FileOf(package, options.Precision);
        if (!package.Files.TryGetValue(file, out var onnx))
            return new(
                null, $"a package of kind '{package.Manifest.Kind}' has no {PlainFile}: it runs in sidecars only");
        if (OnnxPolicy.Check(onnx.Span, package.Manifest) is { } refused) return new(null, refused);
        var (tokenizer, unread) = TokenizerOf(package);
        if (unread is not null) return new(null, unread);
        OrtSession? session = null;
        try
        {
            session = new OrtSession(runtime, onnx.Span, options.Session);
            if (SessionTensors.Problem(package.Manifest, session) is not { } misfit)
                return Verified(package, new ServedModel(package, file, session) { Tokenizer = tokenizer });
            session.Dispose();
            return new(null, misfit);
        }
        catch (OrtException failure)
        {
            session?.Dispose();
            return new(null, failure.Message);
        }
    }

    /// <summary>
    /// The contract with training is what the golden vectors say, not what digests of schemas promise.
    /// </summary>
    private PackageLoading Verified(ModelPackage package, ServedModel model)
    {
        try
        {
            WarmUp.Run(model, options.Batching);
        }
        catch (OrtException failure)
        {
            model.Release();
            return new(null, "the model fails on a plain input (networks may take "
                + $"{runtime.MemoryBytesMax >> 20} MiB together): {failure.Message}");
        }

        var isChecked = model.TakesValues || model.Tokenizer is not null;
        if (!isChecked || !package.Files.TryGetValue("golden.jsonl", out var golden)) return new(model, null);
        var (difference, problem) = model.TakesValues
            ? GoldenCheck.Run(golden.Span, model, options.Batching)
            : WholeGoldenCheck.Run(golden.Span, model, options.Batching);
        var tolerance = GoldenCheck.ToleranceOf(model.File);
        if (problem is null && difference > tolerance)
            problem = FormattableString.Invariant(
                $"golden vectors differ by up to {difference:0.####}, allowed is {tolerance}: ")
                + "another tokenizer, or a runtime that computes something else";
        if (problem is null)
        {
            model.GoldenDifferenceMax = difference;
            return new(model, null);
        }

        model.Release();
        return new(null, problem);
    }

    private static (SubwordTokenizer? Tokenizer, string? Problem) TokenizerOf(ModelPackage package)
    {
        if (package.Manifest.Kind is not RequestContract.Kind) return default;
        if (!package.Files.TryGetValue("tokenizer.json", out var file))
            return (null, "the package has no tokenizer.json");
        return (SubwordTokenizer.Read(file.Span, out var error), error);
    }

    private static string? Mismatch(ModelPackage package, PackageClaim claim)
    {
        var manifest = package.Manifest;
        if (claim.Model is { } model && manifest.Name != model)
            return $"the package is of {manifest.Name}, not of {model}";
        return claim.Version is { } version && manifest.Version != version
            ? $"the package is version {manifest.Version}, not {version}"
            : null;
    }

    private static PackageIdentity IdentityOf(ModelPackage package) =>
        new(package.Manifest.Name, package.Manifest.Version, package.Digest);

    private string? SignatureProblem(PackageIdentity package, PackageClaim claim)
    {
        if (options.PublicKeyPem is { } required)
        {
            return claim.Signature is { } given
                ? PackageSignature.Check(package, given, required)
                : "the package is not signed, and this server only takes signed ones";
        }

        if (claim.Signature is not { } signature) return null;
        return claim.PublicKeyPem is { } key
            ? PackageSignature.Check(package, signature, key)
            : "the package is signed, but the public key is not there";
    }

    private static string FileOf(ModelPackage package, ModelPrecision precision)
    {
        var wanted = precision switch
        {
            ModelPrecision.Int8 => "model-int8.onnx",
            ModelPrecision.Fp16 => "model-fp16.onnx",
            _ => PlainFile,
        };
        return package.Files.ContainsKey(wanted) ? wanted : PlainFile;
    }
}

/// <summary>How packages are loaded.</summary>
internal sealed record LoaderOptions
{
    public PackageLimits Limits { get; init; } = PackageLimits.Default;
    public OrtSessionOptions Session { get; init; } = new();
    public ModelPrecision Precision { get; init; }

    /// <summary>Key that every package must be signed with, or null.</summary>
    public string? PublicKeyPem { get; init; }
    public BatchLimits Batching { get; init; } = new();
}
