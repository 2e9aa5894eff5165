using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public class ModelfileKeysTests
{
    [Fact]
    public void Many_values_of_a_license_take_time_in_proportion_to_their_length()
    {
        ModelfileChange change = new();
        change.Set("LICENSE", ["", .. Enumerable.Repeat("a", 30_000), ""]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Modelfile modelfile = change.Apply(Modelfile.Empty with { License = "old" });

        modelfile.License.Should().Be(string.Join('\n', Enumerable.Repeat("a", 30_000)) + "\n");
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(4 << 20);
    }

    [Fact]
    public void Every_key_sets_its_value()
    {
        Modelfile modelfile = ModelfileReader.Parse("""
            FROM=x y.rkllm
            HUGGINGFACE_PATH=a/b
            TOKENIZER=/etc/tokenizer.json
            LICENSE=MIT
            STOP=User:
            STOP="\n\n"
            SYSTEM=Be brief.
            TEMPERATURE=0.5
            TOP_K=40
            TOP_P=0.9
            REPEAT_PENALTY=1.1
            FREQUENCY_PENALTY=-0.5
            PRESENCE_PENALTY=0.25
            MIROSTAT=2
            MIROSTAT_TAU=5
            MIROSTAT_ETA=0.1
            MAX_NEW_TOKENS=2048
            NUM_CTX=4096
            ENABLE_THINKING=no
            TEMPLATE={{ messages }}
            TEMPLATE_MODE=Text
            TOOLS=generic
            REUSE_KV_CACHE=on
            SLOTS=2
            GUARD_SPECIAL_TOKENS=1
            POOLING=mean
            """);

        modelfile.Should().BeEquivalentTo(new Modelfile
        {
            From = "x y.rkllm",
            HuggingFacePath = "a/b",
            Tokenizer = "/etc/tokenizer.json",
            License = "MIT",
            StopSequences = new("User:", "\n\n"),
            System = "Be brief.",
            Temperature = 0.5,
            TopK = 40,
            TopP = 0.9,
            RepeatPenalty = 1.1,
            FrequencyPenalty = -0.5,
            PresencePenalty = 0.25,
            Mirostat = 2,
            MirostatTau = 5,
            MirostatEta = 0.1,
            MaxNewTokens = 2048,
            NumCtx = 4096,
            EnableThinking = false,
            Template = "{{ messages }}",
            TemplateMode = TemplateMode.Text,
            Tools = ToolPrompt.Generic,
            ReuseKvCache = true,
            Slots = 2,
            GuardSpecialTokens = true,
            Pooling = Pooling.Mean,
        });
    }

    [Theory]
    [InlineData("TEMPERATURE", "0", "2", "0.8", "+1", "1e-1", " .5 ", "", " ")]
    [InlineData("TOP_K", "-1", "0", "1", "100000", "151936", "2147483647", "1_000", "40.0", "")]
    [InlineData("TOP_P", "1", "0", "0.0", "0.0001")]
    [InlineData("REPEAT_PENALTY", "0", "10", "20", "0.1", "1.0")]
    [InlineData("FREQUENCY_PENALTY", "-2", "2", "0")]
    [InlineData("PRESENCE_PENALTY", "-2", "2", "0")]
    [InlineData("MIROSTAT", "0", "1", "2")]
    [InlineData("MIROSTAT_TAU", "0", "5.0")]
    [InlineData("MIROSTAT_ETA", "0", "0.1")]
    [InlineData("MAX_NEW_TOKENS", "1", "2147483647", "007", "2048.0", "-1")]
    [InlineData("NUM_CTX", "32", "1048576")]
    [InlineData("ENABLE_THINKING", "true", "False", "1", "0", "yes", "NO", "on", "Off", "")]
    [InlineData("REUSE_KV_CACHE", "true", "False", "1", "0", "yes", "NO", "on", "Off")]
    [InlineData("GUARD_SPECIAL_TOKENS", "true", "False", "1", "0", "yes", "NO", "on", "Off")]
    [InlineData("TEMPLATE_MODE", "tokens", "text", "Runtime")]
    [InlineData("TOOLS", "generic", "Template")]
    [InlineData("POOLING", "last", "MEAN")]
    public void A_value_in_range_is_accepted_quoted_or_not(string key, params string[] values)
    {
        foreach (string value in values)
        {
            Action read = () =>
            {
                ModelfileReader.Parse($"{key}={value}\n");
                ModelfileReader.Parse($"{key}=\"{value}\"\n");
                ModelfileReader.Parse($"{key} {value}\n");
            };

            read.Should().NotThrow($"{key} may be '{value}'");
        }
    }

    [Theory]
    [InlineData("TEMPERATURE", "-0.1", "2.01", "nan", "inf", "1e400", "0,5", "warm")]
    [InlineData("TOP_K", "-2", "2147483648", "1.5", "40.5", "_1", "1__0", "99999999999999999999")]
    [InlineData("TOP_P", "1.1", "-1", "-0.01")]
    [InlineData("REPEAT_PENALTY", "-0.1", "1e39")]
    [InlineData("FREQUENCY_PENALTY", "-2.1", "2.1")]
    [InlineData("PRESENCE_PENALTY", "-2.1", "2.1")]
    [InlineData("MIROSTAT", "-1", "3", "0.5")]
    [InlineData("MIROSTAT_TAU", "-0.1")]
    [InlineData("MIROSTAT_ETA", "-0.1")]
    [InlineData("MAX_NEW_TOKENS", "0", "-2", "-0.5", "2147483648", "2048.5")]
    [InlineData("NUM_CTX", "31", "1048577")]
    [InlineData("ENABLE_THINKING", "maybe", "2")]
    [InlineData("REUSE_KV_CACHE", "maybe")]
    [InlineData("GUARD_SPECIAL_TOKENS", "maybe")]
    [InlineData("TEMPLATE_MODE", "jinja")]
    [InlineData("POOLING", "max")]
    public void A_value_out_of_range_is_an_error_quoted_or_not(string key, params string[] values)
    {
        foreach (string value in values)
        {
            foreach (string line in new[] { $"{key}={value}", $"{key}=\"{value}\"" })
            {
                Action read = () => ModelfileReader.Parse(line);

                read.Should().Throw<ModelfileException>($"{key} may not be '{value}'").WithMessage($"*{key} is '{value}'; it must be *");
            }
        }
    }

    [Theory]
    [InlineData("HUGGINGFACE=a/b", "a/b")]
    [InlineData("HUGGINGFACE=a/b\nHUGGINGFACE_PATH=c/d", "c/d")]
    [InlineData("HUGGINGFACE_PATH=c/d\nHUGGINGFACE=a/b", "c/d")]
    [InlineData("HUGGINGFACE_PATH=\nHUGGINGFACE=a/b", "a/b")]
    [InlineData("HUGGINGFACE_PATH=", null)]
    [InlineData("FROM=x", null)]
    public void HUGGINGFACE_is_used_without_HUGGINGFACE_PATH(string text, string? expected) =>
        ModelfileReader.Parse(text).HuggingFacePath.Should().Be(expected);

    [Fact]
    public void A_number_or_a_flag_without_a_value_is_not_set()
    {
        Modelfile modelfile = ModelfileReader.Parse("FROM=\"x\"\nTEMPERATURE=\nTOP_P=\nTOP_K=\"\"\nENABLE_THINKING=\nPOOLING=\n");

        (modelfile with { Warnings = [] }).Should().Be(Modelfile.Empty with { From = "x", Warnings = [] }, "an empty value counts as absent");
    }

    [Fact]
    public void Whole_numbers_may_have_a_fraction_of_zero_and_the_length_of_an_answer_no_limit()
    {
        Modelfile modelfile = ModelfileReader.Parse("TOP_K=40.0\nNUM_CTX=4e3\nMAX_NEW_TOKENS=-1\n");

        (modelfile.TopK, modelfile.NumCtx, modelfile.MaxNewTokens).Should().Be((40, 4000, int.MaxValue));
    }

    [Fact]
    public void An_empty_SYSTEM_is_not_a_missing_one()
    {
        ModelfileReader.Parse("SYSTEM=\"\"").System.Should().BeEmpty();
        ModelfileReader.Parse("FROM=\"x\"").System.Should().BeNull();
    }

    [Fact]
    public void A_value_that_the_runtime_cannot_use_is_replaced_by_one_with_the_same_meaning()
    {
        ModelfileReader.Parse("TOP_K=151936").TopK.Should().Be(100_000);
        ModelfileReader.Parse("REPEAT_PENALTY=0").RepeatPenalty.Should().Be(1, "0 means off");
    }

    [Theory]
    [InlineData("STOP = [\"a\", 'b']", "a", "b")]
    [InlineData("STOP = \"a\"", "a")]
    [InlineData("STOP = []")]
    [InlineData("STOP=\"\"\nTOP_K=1 # no TOML, because of the next line\nSTOP=a b\nSTOP c", "a b", "c")]
    public void STOP_has_several_values(string text, params string[] expected)
    {
        Modelfile modelfile = ModelfileReader.Parse(text);

        modelfile.StopSequences.Should().Equal(expected);
        modelfile.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Several_licenses_are_joined() => ModelfileReader.Parse("LICENSE = [\"MIT\", \"Apache-2.0\"]").License.Should().Be("MIT\nApache-2.0");

    [Fact]
    public void The_number_and_the_length_of_stop_sequences_are_limited()
    {
        ModelfileReader.Parse(Stops(64, 256)).StopSequences.Should().HaveCount(64);
        foreach (string text in (string[])[Stops(65, 1), Stops(1, 16_385)])
            FluentActions.Invoking(() => ModelfileReader.Parse(text)).Should().Throw<ModelfileException>().WithMessage("*STOP is*at most 64 texts with 16384 characters*");

        static string Stops(int count, int length) => string.Concat(Enumerable.Repeat($"STOP={new string('x', length)}\n", count));
    }

    [Fact]
    public void Equal_Modelfiles_have_equal_stop_sequences()
    {
        const string Text = "STOP=a b\nSTOP=c\n";

        Parse(Text).Should().Be(Parse(Text));
        Parse(Text).Should().NotBe(Parse("STOP=a b\nSTOP=d\n"));

        static Modelfile Parse(string text) => ModelfileReader.Parse(text) with { Warnings = [] };
    }

    [Fact]
    public void Only_the_last_value_is_checked() =>
        ModelfileReader.Parse("TOP_K=many\nTOP_K=5\n").TopK.Should().Be(5);

    [Fact]
    public void The_document_lists_every_key()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "RkLlama.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        string document = File.ReadAllText(Path.Combine(directory!, "docs", "modelfile.md"));

        foreach (ModelfileKey key in ModelfileKeys.All)
        {
            document.Should().Contain($"| `{key.Name}`");
        }
    }
}
