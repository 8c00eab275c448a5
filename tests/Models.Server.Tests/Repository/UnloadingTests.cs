using System.Net;
using System.Text;

namespace WafOperator.Models.Server.Tests.Repository;

/// <summary>Models that come and go while requests run, some of whose callers go as well.</summary>
[Collection("server")]
public sealed class UnloadingTests(ServerFixture fixture)
{
    private const string Body =
        """{"inputs":[{"name":"values","datatype":"BYTES","shape":[2],"data":["hello","1 or 1=1"]}]}""";

    [Fact]
    public async Task AModelThatIsUnloadedUnderLoad_AnswersOrSaysThatItIsGone()
    {
        await using var server = await fixture.StartAsync(ServerFixture.Options(ServerFixture.Folder()));
        using var client = ServerFixture.Client(server.Address);
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 12).Select(n => Task.Run(async () =>
        {
            var unexpected = new List<HttpStatusCode>();
            while (!stop.IsCancellationRequested)
            {
                using var patience = new CancellationTokenSource(n % 3 == 0 ? 1 : 10_000);
                try
                {
                    using var content = new StringContent(Body, Encoding.UTF8, "application/json");
                    using var answer = await client.PostAsync(
                        new Uri(
                            "/v2/models/payload-cnn/versions/1.1.0/infer", UriKind.Relative), content, patience.Token);
                    if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.NotFound
                        or HttpStatusCode.ServiceUnavailable))
                        unexpected.Add(answer.StatusCode);
                }
                catch (OperationCanceledException)
                {
                    // This caller does not wait.
                }
            }

            return unexpected;
        })).ToArray();

        for (var i = 0; i < 10; i++)
        {
            await PostAsync(client, "/v2/repository/models/payload-cnn/unload");
            await PostAsync(client, "/v2/repository/models/payload-cnn/load");
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(load), Assert.Empty);
        Assert.Equal(["1.0.0", "1.1.0", "1.5.0"], server.Status().Models.Where(m =>
            m.Model == "payload-cnn").Select(m => m.Version));
    }

    private static async Task PostAsync(HttpClient client, string path)
    {
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
