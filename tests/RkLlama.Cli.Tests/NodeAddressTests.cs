namespace RkLlama.Cli.Tests;

public sealed class NodeAddressTests
{
    [Theory]
    [InlineData("", "http://127.0.0.1:8080/")]
    [InlineData("node1", "http://node1:8080/")]
    [InlineData("node1:81", "http://node1:81/")]
    [InlineData(" \"node1\" ", "http://node1:8080/")]
    [InlineData(":81", "http://127.0.0.1:81/")]
    [InlineData("192.168.1.5", "http://192.168.1.5:8080/")]
    [InlineData("[::1]", "http://[::1]:8080/")]
    [InlineData("[::1]:81", "http://[::1]:81/")]
    [InlineData("::1", "http://[::1]:8080/")]
    [InlineData("node1/llm", "http://node1:8080/llm/")]
    [InlineData("http://node1", "http://node1/")]
    [InlineData("https://node1", "https://node1/")]
    [InlineData("http://node1:8081/llm", "http://node1:8081/llm/")]
    public void The_forms_of_OLLAMA_HOST_are_read(string text, string expected) =>
        NodeAddress.Parse(text, NodeAddress.DefaultPort)!.AbsoluteUri.Should().Be(expected);

    [Theory]
    [InlineData("0.0.0.0", "http://127.0.0.1:8080/")]
    [InlineData("0.0.0.0:81", "http://127.0.0.1:81/")]
    [InlineData("*", "http://127.0.0.1:8080/")]
    [InlineData("http://[::]:81", "http://[::1]:81/")]
    public void The_address_that_a_server_listens_on_is_the_loopback_address_of_its_client(string text, string expected) =>
        NodeAddress.Parse(text, NodeAddress.DefaultPort)!.AbsoluteUri.Should().Be(expected);

    [Theory]
    [InlineData("ftp://node1")]
    [InlineData("node1:port")]
    [InlineData("node1:99999")]
    [InlineData("http://")]
    [InlineData("two words")]
    public void Other_texts_are_no_addresses(string text) => NodeAddress.Parse(text, NodeAddress.DefaultPort).Should().BeNull();
}
