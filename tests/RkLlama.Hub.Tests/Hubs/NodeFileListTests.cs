using System.Text;
using System.Text.Json;
using RkLlama.Hub.Hubs;

namespace RkLlama.Hub.Tests.Hubs;

public class NodeFileListTests
{
    private const string File = """{"path":"m.rkllm","size":10,"etag":"\"a\"","sha256":null}""";

    [Fact]
    public void The_list_of_a_node_is_read()
    {
        string hash = new('a', 64);

        NodeFileList list = Parse($$"""{"x":[{}],"revision":"r","model_file":"m.rkllm","hashing":true,"files":[{{File}},{"path":"t.json","size":-1,"new":{"a":[1]},"sha256":"{{hash}}","etag":"t"}]}""");

        (list.Revision, list.ModelFile, list.IsHashing).Should().Be(("r", "m.rkllm", true));
        list.Files.Should().Equal(new HubFile("m.rkllm", 10) { Tag = "\"a\"" }, new HubFile("t.json", 0) { Tag = "t", Sha256 = hash });
    }

    [Fact]
    public void The_sum_of_the_largest_sizes_does_not_overflow()
    {
        NodeFileList list = Parse($$"""{"revision":"r","files":[{{string.Join(',', Enumerable.Repeat("""{"path":"m","size":9223372036854775807,"etag":"a"}""", 1000))}}]}""");

        (list.Files.Sum(static file => file.Size) * 5).Should().BePositive();
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"revision":"r"}""")]
    [InlineData("""{"revision":"r","files":{}}""")]
    [InlineData("""{"revision":"r","files":[0]}""")]
    [InlineData("""{"revision":"r","files":[{"path":"a","size":1e30,"etag":""}]}""")]
    [InlineData("""{"revision":"r","files":[{"path":"a","size":"1","etag":""}]}""")]
    [InlineData("""{"revision":"r","files":[{"path":"a","size":1}]}""")]
    [InlineData("""{"revision":"\ud800","files":[]}""")]
    [InlineData("""{"revision":"r","files":[""")]
    public void What_is_not_a_list_is_refused(string json)
    {
        Action parse = () => Parse(json);

        (parse.Should().Throw<Exception>().Which is JsonException or InvalidOperationException or FormatException).Should().BeTrue();
    }

    [Theory]
    [InlineData("0")]
    [InlineData(File)]
    public void A_hostile_list_needs_little_memory(string item)
    {
        byte[] json = Encoding.UTF8.GetBytes($$"""{"files":[{{string.Join(',', Enumerable.Repeat(item, NodeFileList.MaxBytes / (item.Length + 1)))}}]}""");
        long before = GC.GetAllocatedBytesForCurrentThread();

        Action parse = () => NodeFileList.Parse(json);

        parse.Should().Throw<JsonException>();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1 << 20);
    }

    private static NodeFileList Parse(string json) => NodeFileList.Parse(Encoding.UTF8.GetBytes(json));
}
