using RkLlama.Hub.Names;

namespace RkLlama.Hub.Tests.Names;

public class NodeModelAddressTests
{
    [Theory]
    [InlineData("http://node1:8080/deepseek-r1:1.5b", "http://node1:8080/", "deepseek-r1:1.5b")]
    [InlineData(" http://node1/m ", "http://node1/", "m")]
    [InlineData("https://10.0.0.1:8443/a%20b/", "https://10.0.0.1:8443/", "a b")]
    [InlineData("http://[fe80::1]:8080/m", "http://[fe80::1]:8080/", "m")]
    public void An_address_with_one_name_is_a_model_of_a_node(string text, string node, string model)
    {
        bool isRead = NodeModelAddress.TryParse(text, out Uri? address, out string? name);

        (isRead, address?.AbsoluteUri, name).Should().Be((true, node, model));
    }

    [Theory]
    [InlineData("m")]
    [InlineData("/media/usb/m")]
    [InlineData("owner/repo")]
    [InlineData("node1:8080/m")]
    [InlineData("ftp://node1/m")]
    [InlineData("http://node1:8080/")]
    [InlineData("http://node1:8080/a/b")]
    [InlineData("http://node1:8080/a%2Fb")]
    [InlineData("http://user:secret@node1/m")]
    [InlineData("http://node1/m?x=1")]
    [InlineData("https://huggingface.co/owner/repo")]
    [InlineData("https://huggingface.co/gpt2")]
    [InlineData("https://modelscope.cn/models")]
    public void Other_names_are_not(string text) => NodeModelAddress.TryParse(text, out _, out _).Should().BeFalse();
}
