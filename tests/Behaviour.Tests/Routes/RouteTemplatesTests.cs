using System.Text;
using WafOperator.Behaviour.Routes;
using WafOperator.Fixtures;

namespace WafOperator.Behaviour.Tests.Routes;

public sealed class RouteTemplatesTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/orders", "/orders")]
    [InlineData("/orders/42/lines/7", "/orders/{number}/lines/{number}")]
    [InlineData("/2024-01-31/x", "/{number}/x")]
    [InlineData("/u/3fa85f64-5717-4562-b3fc-2c963f66afa6", "/u/{hex}")]
    [InlineData("/static/app.9f86d081.js", "/static/app.9f86d081.js")]
    [InlineData("/t/a1b2c3x4y5z6w7v8", "/t/{token}")]
    [InlineData("/face/deadbeef", "/face/deadbeef")]
    [InlineData("/iphone-15-pro", "/iphone-15-pro")]
    [InlineData("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/{token}")]
    public void Learn_IdentifiersBecomePlaceholders(string path, string template)
    {
        var routes = new RouteTemplates();

        Assert.Equal(template, routes.TemplateOf(routes.Learn(Encoding.UTF8.GetBytes(path))));
    }

    [Fact]
    public void Find_OnlyWhatWasLearned_HasANumber()
    {
        var routes = new RouteTemplates();
        var orders = routes.Learn("/orders/1"u8);

        Assert.Equal(orders, routes.Find("/orders/77"u8));
        Assert.Equal(0, routes.Find("/wp-login.php"u8));
        Assert.NotEqual(orders, routes.Find("/orders"u8));
        Assert.Equal(orders, routes.NumberOf("/orders/77"u8));
        var unknown = Enumerable.Range(0, 50).Select(i => routes.NumberOf(Encoding.UTF8.GetBytes($"/x{i}"))).ToList();
        Assert.All(unknown, number => Assert.InRange(number, RouteTemplates.UnknownFrom, 8191));
        Assert.InRange(unknown.Distinct().Count(), 46, 50);
    }

    [Fact]
    public void Learn_ANodeWithTooManyNames_TakesOneForTheRest()
    {
        var routes = new RouteTemplates();
        for (var i = 0; i < 10_000; i++) routes.Learn(Encoding.UTF8.GetBytes($"/shop/{Name(i)}/reviews"));

        Assert.Equal("/shop/{any}/reviews", routes.TemplateOf(routes.Find("/shop/never-seen/reviews"u8)));
        Assert.InRange(routes.Count, RouteTemplates.ChildrenMax, 2 * RouteTemplates.ChildrenMax + 10);
    }

    [Fact]
    public void Learn_AnApplicationThatAnswersEverything_StaysWithinItsMemory()
    {
        var routes = new RouteTemplates();
        var random = new Random(20261130);
        for (var i = 0; i < 200_000; i++)
        {
            var depth = random.Next(1, 12);
            var path = string.Concat(Enumerable.Range(0, depth).Select(_ => "/" + Name(random.Next(5000))));
            var route = routes.Learn(Encoding.UTF8.GetBytes(path));
            Assert.Equal(route, routes.Find(Encoding.UTF8.GetBytes(path)));
        }

        Assert.InRange(routes.Count, 100, RouteTemplates.NodesMax);
    }

    [Fact]
    public void Find_WhileOthersLearn_SeesWholeRoutes()
    {
        var routes = new RouteTemplates();
        Parallel.For(0, 4, worker =>
        {
            for (var i = 0; i < 3000; i++)
            {
                var path = Encoding.UTF8.GetBytes($"/w{i % 60}/{Name(i % 90)}");
                var route = routes.Learn(path);
                Assert.NotEqual(0, route);
                Assert.Equal(route, routes.Find(path));
            }
        });
    }

    [Fact]
    public void Find_AllocatesNothing()
    {
        var routes = new RouteTemplates();
        routes.Learn("/orders/1/lines"u8);
        routes.Find("/orders/5/lines"u8);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 1000; i++) routes.Find("/orders/5/lines"u8);
        }));
    }

    private static string Name(int i) =>
        string.Concat($"{i}".Select(digit => (char)('k' + digit - '0')));
}
