using WafOperator.Features;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Packages;

/// <summary>A model, or why there is none.</summary>
public sealed record ModelLoading(ValueModel? Model, string? Error)
{
    /// <summary>What was offered can never be used; asking again does not help.</summary>
    public bool IsRefused { get; init; }
}

/// <summary>
/// Turns package bytes into a model: digest, signature, format, operators and golden vectors are checked first. Never throws on bad
/// packages.
/// </summary>
public sealed class ValueModelLoader
{
    private readonly Lazy<OrtRuntime?> _runtime;
    private readonly PackageLimits _limits;

    /// <param name="limits">Bounds of packages.</param>
    /// <param name="whenMissing">Told once, with the reason, when the first ONNX model finds no ONNX Runtime.</param>
    public ValueModelLoader(PackageLimits limits, Action<string> whenMissing)
    {
        _limits = limits;
        _runtime = new Lazy<OrtRuntime?>(() =>
        {
            var runtime = OrtRuntime.TryLoad(null, out var reason);
            if (runtime is null) whenMissing(reason);
            return runtime;
        });
    }

    /// <summary>Largest difference between a golden logit and what this build computes.</summary>
    private const double GoldenTolerance = 1e-2;

    /// <summary>Loads a package for a blob of a policy.</summary>
    public ModelLoading Load(ReadOnlyMemory<byte> archive, ModelBlob blob)
    {
        var reading = ModelPackageReader.Read(archive, blob.Digest, _limits);
        if (reading.Package is not { } package) return new(null, reading.Error);
        if (blob.Signature is { } signature)
        {
            if (blob.PublicKeyPem is not { } key) return new(null, "the package is signed, but the public key is not there");
            var identity = new PackageIdentity(package.Manifest.Name, package.Manifest.Version, package.Digest);
            if (PackageSignature.Check(identity, signature, key) is { } wrong) return new(null, wrong);
        }

        if (package.Manifest.Version != blob.Version)
            return new(null, $"the package is version {package.Manifest.Version}, not {blob.Version}");
        try
        {
            return Create(package);
        }
        catch (OrtException failure)
        {
            return new(null, failure.Message);
        }
    }

    private ModelLoading Create(ModelPackage package)
    {
        switch (package.Manifest.Kind)
        {
            case "gate-linear":
                if (!package.Files.TryGetValue("gate.bin", out var weights)) return new(null, "the package has no gate.bin");
                var gate = GateModel.Read(weights.Span, out var error);
                return gate is null ? new(null, error) : Checked(package, new GateValueModel(package, gate));
            case "payload-cnn" when package.Files.TryGetValue("kernel.bin", out var kernel):
                var network = PayloadCnn.Read(kernel.Span, out var misfit);
                return network is null ? new(null, misfit) : Checked(package, new KernelValueModel(package, network));
            case "payload-cnn" or "onnx-tokens" or RequestContract.Kind:
                return CreateOnnx(package);
            default:
                return new(null, $"this version does not run models of kind '{package.Manifest.Kind}'");
        }
    }

    private ModelLoading CreateOnnx(ModelPackage package)
    {
        if (!package.Files.TryGetValue("model.onnx", out var onnx)) return new(null, "the package has no model.onnx");
        if (OnnxPolicy.Check(onnx.Span, package.Manifest) is { } refused) return new(null, refused);
        if (_runtime.Value is not { } loaded)
            return new(null, "ONNX Runtime is not installed: put libonnxruntime.so beside the program");
        if (package.Manifest.Kind is RequestContract.Kind)
        {
            var loading = RequestModel.Load(package, loaded, onnx.Span);
            return loading.Model is { } whole ? Checked(package, whole) : loading;
        }

        var model = new OnnxValueModel(package, loaded, onnx.Span);
        if (model.FirstRunProblem() is { } problem)
        {
            model.Dispose();
            return new(null, problem);
        }

        return Checked(package, model);
    }

    /// <summary>The contract with training is what the golden vectors say, not what digests of schemas promise.</summary>
    private static ModelLoading Checked(ModelPackage package, ValueModel model)
    {
        if (!package.Files.TryGetValue("golden.jsonl", out var golden)) return new(model, null);
        var failure = GoldenVectors.FirstDifference(golden.Span, model, GoldenTolerance);
        if (failure is null) return new(model, null);
        model.Dispose();
        return new(null, failure);
    }
}
