using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Protocols.Policies;

/// <summary>Short names of documents, by which sidecars and operator know that they speak of the same one.</summary>
public static class ApiSchemaDigest
{
    /// <summary>The first 12 digits of the text's SHA-256.</summary>
    public static string Of(string document) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(document)))[..12];
}
