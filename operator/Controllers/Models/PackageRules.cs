using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Models;

/// <summary>What a package must agree with besides its own digests (pure).</summary>
public static class PackageRules
{
    /// <summary>Null when it may be used; else the reason.</summary>
    public static string? Refusal(ModelPackage package, ModelVersionSpec spec)
    {
        var manifest = package.Manifest;
        if (manifest.Name != spec.Model) return $"the package is of the model {manifest.Name}, not {spec.Model}";
        if (manifest.Version != spec.Version) return $"the package is version {manifest.Version}, not {spec.Version}";
        if (spec.Contract?.TokenizerDigest is { } tokenizer && tokenizer != manifest.TokenizerDigest)
            return $"the package's tokenizer is {manifest.TokenizerDigest}, spec.contract wants {tokenizer}";
        if (spec.Contract?.FeatureSchemaDigest is { } schema && schema != manifest.FeatureSchemaDigest)
            return $"the package's feature schema is {manifest.FeatureSchemaDigest}, spec.contract wants {schema}";
        return package.Files
            .Where(f => f.Key.EndsWith(".onnx", StringComparison.Ordinal))
            .OrderBy(f => f.Key, StringComparer.Ordinal)
            .Select(f => OnnxPolicy.Check(f.Value.Span, manifest) is { } problem ? $"{f.Key}: {problem}" : null)
            .FirstOrDefault(problem => problem is not null);
    }
}
