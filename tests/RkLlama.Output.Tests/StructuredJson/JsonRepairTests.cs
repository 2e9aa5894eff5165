using RkLlama.Output.StructuredJson;
using RkLlama.Output.Tests.Support;

namespace RkLlama.Output.Tests.StructuredJson;

public sealed class JsonRepairTests
{
    [Theory]
    [InlineData("""{"a": [1, 2.50, "x"], "b": null}""")]
    [InlineData("[]")]
    [InlineData("""{"text": "a \"quoted\" {brace}"}""")]
    public void Valid_json_is_returned_unchanged(string json) => JsonRepair.Repair($"\n {json} ").Should().Be(json);

    [Theory]
    [InlineData("```json\n{\"a\": 1}\n```")]
    [InlineData("Here you are: {\"a\": 1} I hope that helps. {\"b\": 2}")]
    [InlineData("In set notation {x : x > 1}, hence {\"a\": 1}.")]
    [InlineData("{'a': 1}")]
    [InlineData("{a: 1}")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("{,\"a\": 1}")]
    [InlineData("{\"a\": +1}")]
    [InlineData("{\"a\": 1 /* one */ } // done")]
    [InlineData("{\"a\": 1")]
    [InlineData("{“a”: 1}")]
    [InlineData("{\"a\" = 1; }")]
    public void Typical_mistakes_are_repaired(string reply) => JsonRepair.Repair(reply).Should().Be("""{"a":1}""");

    [Theory]
    [InlineData("[True, False, None]", "[true,false,null]")]
    [InlineData("[1 2 \"x\"]", """[1,2,"x"]""")]
    [InlineData("{\"a\": \"one\ntwo\"}", """{"a":"one\ntwo"}""")]
    [InlineData("{\"a\": 'it\\'s'}", """{"a":"it's"}""")]
    [InlineData("{\"a\": [1, {\"b\": \"cut he", """{"a":[1,{"b":"cut he"}]}""")]
    [InlineData("{\"a\": \"\\u00e9\", }", """{"a":"é"}""")]
    [InlineData("[.5, 5., 1_000]", "[0.5,5.0,1000]")]
    public void Values_are_normalized(string reply, string json) => JsonRepair.Repair(reply).Should().Be(json);

    [Theory]
    [InlineData("")]
    [InlineData("42")]
    [InlineData("I cannot do that.")]
    [InlineData("{\"a\": maybe}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{\"a\": \"\\ud800\",}")]
    public void A_reply_without_json_gives_null(string reply) => JsonRepair.Repair(reply).Should().BeNull();

    [Fact]
    public void Endless_opening_brackets_give_null()
    {
        JsonRepair.Repair(new string('[', 50_000)).Should().BeNull();
        JsonRepair.Repair(string.Concat(Enumerable.Repeat("{\"a\":", 5_000))).Should().BeNull();
    }

    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(100_000)]
    public void Nesting_is_limited_to_64_levels(int depth)
    {
        string json = string.Concat(Enumerable.Repeat("[1,", depth - 1)) + "[" + new string(']', depth);

        string? repaired = SmallStack.Run(() => JsonRepair.Repair(json + ","));

        // If the value nests too deeply, its first inner part within the limit is returned. It must start within the first 64 brackets.
        repaired.Should().Be(depth <= 127 ? string.Concat(Enumerable.Repeat("[1,", 63)) + "[" + new string(']', 64) : null);
    }

    [Fact]
    public void At_most_64_brackets_are_tried_as_the_start()
    {
        JsonRepair.Repair(string.Concat(Enumerable.Repeat("{x} ", 63)) + "{'a': 1}").Should().Be("""{"a":1}""");
        JsonRepair.Repair(string.Concat(Enumerable.Repeat("{x} ", 64)) + "{'a': 1}").Should().BeNull();
    }
}
