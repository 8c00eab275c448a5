using System.Text.Json.Serialization;

namespace WafOperator.E2e.Shop;

/// <summary>A product of the catalogue; the price is in cents.</summary>
internal sealed record Product(int Id, string Name, string Description, int Price);

/// <summary>What a search found, with the words that were searched for.</summary>
internal sealed record SearchResult(string Query, IReadOnlyList<Product> Products);

/// <summary>A customer's order as it arrived.</summary>
internal sealed record Order(int ProductId, int Quantity, string? Note);

/// <summary>An accepted order.</summary>
internal sealed record OrderReceipt(int Number, Order Order);

/// <summary>One uploaded file, by size in bytes and SHA-256.</summary>
internal sealed record UploadedFile(string Field, string Name, long Bytes, string Sha256);

/// <summary>A streamed body, by size in bytes and SHA-256.</summary>
internal sealed record ReceivedBody(long Bytes, string Sha256);

/// <summary>A request as the application saw it: what a test compares with what it sent.</summary>
internal sealed record EchoedRequest(
    string Method,
    string RawTarget,
    string Path,
    string Query,
    string Protocol,
    string? Client,
    IReadOnlyDictionary<string, string> Headers,
    long BodyBytes,
    string BodySha256,
    string? Body);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Product))]
[JsonSerializable(typeof(IReadOnlyList<Product>))]
[JsonSerializable(typeof(SearchResult))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(OrderReceipt))]
[JsonSerializable(typeof(IReadOnlyList<UploadedFile>))]
[JsonSerializable(typeof(ReceivedBody))]
[JsonSerializable(typeof(EchoedRequest))]
internal sealed partial class ShopJson : JsonSerializerContext;
