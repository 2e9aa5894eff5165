using RkLlama.Output.StructuredJson;
using RkLlama.Output.Tests.Support;
using RkLlama.Prompts;

namespace RkLlama.Output.Tests.StructuredJson;

public sealed class JsonRepairTests
{
    [Theory]
    [InlineData("""{\"a\": \"b\", \"c\": [\"d\"]}""", """{"a":"b","c":["d"]}""")]
    [InlineData("""{"a": \"b\"}""", """{"a":"b"}""")]
    [InlineData("""{a": "b", c": 1}""", """{"a":"b","c":1}""")]
    [InlineData("""{"a: "b", "c": 1}""", """{"a":"b","c":1}""")]
    [InlineData("""{"a="b", "c" : 1}""", """{"a":"b","c":1}""")]
    [InlineData("""{"a:": "b", c: 1}""", """{"a:":"b","c":1}""")]
    [InlineData("""{"a=" : "b", c: 1}""", """{"a=":"b","c":1}""")]
    public void Quotes_in_the_wrong_place_are_repaired(string reply, string json) => JsonRepair.Repair(reply, CpuBudget.Unlimited()).Should().Be(json);

    [Theory]
    [InlineData("""{"a": [1, 2.50, "x"], "b": null}""")]
    [InlineData("[]")]
    [InlineData("""{"text": "a \"quoted\" {brace}"}""")]
    public void Valid_json_is_returned_unchanged(string json) => Repair($"\n {json} ").Should().Be(json);

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
    public void Typical_mistakes_are_repaired(string reply) => Repair(reply).Should().Be("""{"a":1}""");

    [Theory]
    [InlineData("[True, False, None]", "[true,false,null]")]
    [InlineData("[1 2 \"x\"]", """[1,2,"x"]""")]
    [InlineData("{\"a\": \"one\ntwo\"}", """{"a":"one\ntwo"}""")]
    [InlineData("{\"a\": 'it\\'s'}", """{"a":"it's"}""")]
    [InlineData("{\"a\": [1, {\"b\": \"cut he", """{"a":[1,{"b":"cut he"}]}""")]
    [InlineData("{\"a\": \"\\u00e9\", }", """{"a":"é"}""")]
    [InlineData("[.5, 5., 1_000]", "[0.5,5.0,1000]")]
    [InlineData("""{"b":"C:\dir"}""", """{"b":"C:\\dir"}""")]
    [InlineData("""{"b":"\d+\.\w", "c": "a\nb\/"}""", """{"b":"\\d+\\.\\w","c":"a\nb/"}""")]
    [InlineData("""{"b":"\users \u12"}""", """{"b":"\\users \\u12"}""")]
    [InlineData("[{\"a\": {\"b\": 1}]", """[{"a":{"b":1}}]""")]
    [InlineData("{\"a\": [1, {\"b\": [2}}", """{"a":[1,{"b":[2]}]}""")]
    [InlineData("[{\"a\": 1}}, {\"b\": 2}]", """[{"a":1},{"b":2}]""")]
    [InlineData("{\"a\": \"the \"big\" one\", \"b\": 2}", """{"a":"the \"big\" one","b":2}""")]
    [InlineData("{'a': 'it's', 'b': ['x' 'y']}", """{"a":"it's","b":["x","y"]}""")]
    [InlineData("{\"a\": \"say \"hi\"\", \"b\": \"\"}", """{"a":"say \"hi\"","b":""}""")]
    [InlineData("{\"a\": [1]], \"b\": 2}", """{"a":[1],"b":2}""")]
    [InlineData("{{\"a\": {{\"b\": 1}}, \"c\": 2}}", """{"a":{"b":1},"c":2}""")]
    public void Values_are_normalized(string reply, string json) => Repair(reply).Should().Be(json);

    [Theory]
    [InlineData("")]
    [InlineData("42")]
    [InlineData("I cannot do that.")]
    [InlineData("{\"a\": maybe}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{\"a\": \"\\ud800\",}")]
    public void A_reply_without_json_gives_null(string reply) => Repair(reply).Should().BeNull();

    [Theory]
    [InlineData("{'a': 1}}", """{"a":1}""")]
    [InlineData(" [1, 2,]\n", "[1,2]")]
    [InlineData("{'a': 1", null)]
    [InlineData("{'a': 'b", null)]
    [InlineData("{'a': 1} so", null)]
    [InlineData("so {'a': 1}", null)]
    [InlineData("'a'", null)]
    public void The_whole_text_may_be_required_to_be_json(string text, string? json) => JsonRepair.RepairWhole(text).Should().Be(json);

    [Theory]
    [InlineData("\"red\"", "\"red\"")]
    [InlineData(" 'red' ", "\"red\"")]
    [InlineData("```json\n3\n```", "3")]
    [InlineData("True", "true")]
    [InlineData("3 apples", null)]
    [InlineData("{\"a\": 1}", null)]
    [InlineData("", null)]
    public void A_scalar_is_read(string reply, string? json) => JsonRepair.RepairScalar(reply).Should().Be(json);

    [Fact]
    public void Endless_opening_brackets_give_null()
    {
        Repair(new string('[', 50_000)).Should().BeNull();
        Repair(string.Concat(Enumerable.Repeat("{\"a\":", 5_000))).Should().BeNull();
    }

    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(100_000)]
    public void Nesting_is_limited_to_64_levels(int depth)
    {
        string json = string.Concat(Enumerable.Repeat("[1,", depth - 1)) + "[" + new string(']', depth);

        string? repaired = SmallStack.Run(() => Repair(json + ","));

        // If the value nests too deeply, its first inner part within the limit is returned. It must start within the first 64 brackets.
        repaired.Should().Be(depth <= 127 ? string.Concat(Enumerable.Repeat("[1,", 63)) + "[" + new string(']', 64) : null);
    }

    [Fact]
    public void At_most_64_brackets_are_tried_as_the_start()
    {
        Repair(string.Concat(Enumerable.Repeat("{x} ", 63)) + "{'a': 1}").Should().Be("""{"a":1}""");
        Repair(string.Concat(Enumerable.Repeat("{x} ", 64)) + "{'a': 1}").Should().BeNull();
    }

    [Fact]
    public void No_further_bracket_is_tried_after_the_processor_time()
    {
        int readings = 0;
        CpuBudget cpu = new(TimeSpan.FromSeconds(1), () => TimeSpan.FromSeconds(readings++), CancellationToken.None);

        string? repaired = JsonRepair.Repair("{x} {x} {x} {'a': 1}", cpu);

        repaired.Should().BeNull();
        readings.Should().Be(3, "the first reading is the start, the third one exceeds the limit");
    }

    private static string? Repair(string reply) => JsonRepair.Repair(reply, CpuBudget.Unlimited());
}
