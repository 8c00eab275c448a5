namespace WafOperator.E2e.Shop;

/// <summary>The JSON API: catalogue and orders.</summary>
internal static class Products
{
    private static readonly Product[] Catalogue =
    [
        new(1, "Green tea", "Leaves from the hills, picked in spring", 890),
        new(2, "Black tea", "Strong; goes well with milk", 790),
        new(3, "Tea pot", "Cast iron, holds 0.8 litres", 4500),
        new(4, "O'Brien's breakfast blend", "Select leaves from two gardens, union of malt & spice", 950),
    ];

    private static int _lastOrder;

    public static IReadOnlyList<Product> Search(string words) =>
        [.. Catalogue.Where(product => $"{product.Name} {product.Description}".Contains(words, StringComparison.OrdinalIgnoreCase))];

    public static void MapProducts(this WebApplication app)
    {
        app.MapGet("/api/products", () => Results.Ok<IReadOnlyList<Product>>(Catalogue));
        app.MapGet("/api/products/{id:int}", (int id) =>
            Catalogue.FirstOrDefault(product => product.Id == id) is { } product ? Results.Ok(product) : Results.NotFound());
        app.MapPost("/api/orders", (Order order) =>
        {
            if (order.Quantity is < 1 or > 1000) return Results.Text("quantity must be 1 to 1000", statusCode: 422);
            var receipt = new OrderReceipt(Interlocked.Increment(ref _lastOrder), order);
            return Results.Created($"/api/orders/{receipt.Number}", receipt);
        });
    }
}
