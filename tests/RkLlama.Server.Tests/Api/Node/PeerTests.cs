using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api.Node;

/// <summary>The other nodes of a cluster, the table of short names, the checks and the log.</summary>
public sealed class PeerTests
{
    [Fact]
    public async Task The_other_nodes_are_asked_with_the_key_of_this_one()
    {
        await using TestServer other = await TestServer.StartAsync(configure: static options => options with { ApiKey = "secret", NodeName = "node2" });
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret", Peers = [other.Address, Unused()] });
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        JsonElement[] peers = [.. (await server.GetJsonAsync("/node/peers")).Body.GetProperty("peers").EnumerateArray()];

        peers[0].GetProperty("url").GetString().Should().Be(other.Address.GetLeftPart(UriPartial.Authority));
        (peers[0].GetProperty("node").GetString(), peers[0].GetProperty("reachable").GetBoolean(), peers[0].GetProperty("state").GetString()).Should().Be(("node2", true, "none"));
        peers[1].GetProperty("reachable").GetBoolean().Should().BeFalse();
        peers[1].GetProperty("error").GetString().Should().NotBeNullOrEmpty();
    }

    [Theory]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "302")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "not that of a node")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno!", "not that of a node")]
    public async Task An_answer_that_is_not_that_of_a_node_is_an_error(string answer, string expected)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = AnswerAsync(listener, answer);
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { Peers = [new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}")] });

        JsonElement peer = (await server.GetJsonAsync("/node/peers")).Body.GetProperty("peers")[0];

        peer.GetProperty("reachable").GetBoolean().Should().BeFalse();
        peer.GetProperty("error").GetString().Should().Contain(expected);
        await serving;
    }

    [Fact]
    public async Task The_table_of_short_names_can_be_searched()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("qwen2.5:1.5b");

        JsonElement[] names = [.. (await server.GetJsonAsync("/node/names?q=QWEN+1.5b")).Body.GetProperty("names").EnumerateArray()];
        int all = (await server.GetJsonAsync("/node/names")).Body.GetProperty("names").GetArrayLength();

        JsonElement name = names.First(static one => one.GetProperty("name").GetString() == "qwen2.5:1.5b");
        (name.GetProperty("present").GetBoolean(), name.GetProperty("recommended").GetBoolean()).Should().Be((true, true));
        names.Length.Should().BeInRange(1, all - 1);
        name.GetProperty("size_bytes").GetInt64().Should().BePositive("the file of the model is on the node");
        names.Should().Contain(static one => one.GetProperty("size_bytes").ValueKind == JsonValueKind.Null, "the table does not know the sizes of the others");
    }

    [Fact]
    public async Task The_log_is_only_there_with_a_key()
    {
        await using TestServer open = await TestServer.StartAsync();
        await using TestServer locked = await TestServer.StartAsync(configure: static options => options with { ApiKey = "secret" });
        locked.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        (await open.GetJsonAsync("/node/log")).Status.Should().Be(HttpStatusCode.NotFound);
        (await locked.GetJsonAsync("/node/log")).Body.GetProperty("lines").ValueKind.Should().Be(JsonValueKind.Array);
    }

    [Fact]
    public async Task The_checks_of_the_doctor_run_in_the_server()
    {
        await using TestServer server = await TestServer.StartAsync();

        JsonElement report = (await server.GetJsonAsync("/node/doctor")).Body, again = (await server.GetJsonAsync("/node/doctor")).Body;

        report.GetProperty("findings").EnumerateArray().Select(static finding => finding.GetProperty("id").GetString()).Should().Contain(["npu-device", "library", "disk"]);
        report.GetProperty("findings").EnumerateArray().Select(static finding => finding.GetProperty("verdict").GetString()).Should().OnlyContain(verdict => verdict == "ok" || verdict == "warning" || verdict == "failure");
        again.GetProperty("checked").GetString().Should().Be(report.GetProperty("checked").GetString(), "the result is kept for a while");
    }

    [Fact]
    public async Task A_background_pull_says_what_is_there_and_what_has_failed()
    {
        await using TestServer server = await TestServer.StartAsync(hubs: new() { HuggingFace = Unused() });
        server.AddModel("m");

        JsonElement present = (await server.PostJsonAsync("/node/pulls", """{"model":"m"}""")).Body;
        (HttpStatusCode code, JsonElement started) = await server.PostJsonAsync("/node/pulls", """{"model":"owner/repository"}""");
        HttpStatusCode path = (await server.PostJsonAsync("/node/pulls", """{"model":"/etc/passwd"}""")).Status;

        present.GetRawText().Should().Be("""{"model":"m","present":true}""");
        (code, started.GetProperty("present").GetBoolean()).Should().Be((HttpStatusCode.OK, false));
        path.Should().Be(HttpStatusCode.BadRequest);
        using HttpResponseMessage absent = await server.Client.DeleteAsync(new Uri("/node/pulls/absent", UriKind.Relative));
        absent.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    private static Uri Unused()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }

    private static async Task AnswerAsync(TcpListener listener, string answer)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        _ = await stream.ReadAsync(new byte[4096]);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
        client.Client.Shutdown(SocketShutdown.Send);
        _ = await stream.ReadAsync(new byte[1]);
    }
}
