using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Tests.Models.Modelfiles;

public class ModelfileKeysTests
{
    [Fact]
    public void Every_key_sets_its_value()
    {
        Modelfile modelfile = ModelfileReader.Parse("""
            FROM=x y.rkllm
            HUGGINGFACE_PATH=a/b
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
            REUSE_KV_CACHE=on
            GUARD_SPECIAL_TOKENS=1
            POOLING=mean
            """);

        modelfile.Should().BeEquivalentTo(new Modelfile
        {
            From = "x y.rkllm",
            HuggingFacePath = "a/b",
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
            ReuseKvCache = true,
            GuardSpecialTokens = true,
            Pooling = Pooling.Mean,
        });
    }

    [Theory]
    [InlineData("TEMPERATURE", "0", "2", "0.8", "+1", "1e-1", " .5 ")]
    [InlineData("TOP_K", "0", "1", "100000", "1_000")]
    [InlineData("TOP_P", "1", "0.0001")]
    [InlineData("REPEAT_PENALTY", "10", "0.1", "1.0")]
    [InlineData("FREQUENCY_PENALTY", "-2", "2", "0")]
    [InlineData("PRESENCE_PENALTY", "-2", "2", "0")]
    [InlineData("MIROSTAT", "0", "1", "2")]
    [InlineData("MIROSTAT_TAU", "0", "5.0")]
    [InlineData("MIROSTAT_ETA", "0", "0.1")]
    [InlineData("MAX_NEW_TOKENS", "1", "2147483647", "007")]
    [InlineData("NUM_CTX", "32", "1048576")]
    [InlineData("ENABLE_THINKING", "true", "False", "1", "0", "yes", "NO", "on", "Off")]
    [InlineData("REUSE_KV_CACHE", "true", "False", "1", "0", "yes", "NO", "on", "Off")]
    [InlineData("GUARD_SPECIAL_TOKENS", "true", "False", "1", "0", "yes", "NO", "on", "Off")]
    [InlineData("TEMPLATE_MODE", "tokens", "text", "Runtime")]
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
    [InlineData("TEMPERATURE", "-0.1", "2.01", "nan", "inf", "1e400", "0,5", "warm", "")]
    [InlineData("TOP_K", "-1", "100001", "1.5", "40.0", "_1", "1__0", "99999999999999999999")]
    [InlineData("TOP_P", "0", "1.1", "-1")]
    [InlineData("REPEAT_PENALTY", "0", "10.1")]
    [InlineData("FREQUENCY_PENALTY", "-2.1", "2.1")]
    [InlineData("PRESENCE_PENALTY", "-2.1", "2.1")]
    [InlineData("MIROSTAT", "-1", "3", "0.5")]
    [InlineData("MIROSTAT_TAU", "-0.1")]
    [InlineData("MIROSTAT_ETA", "-0.1")]
    [InlineData("MAX_NEW_TOKENS", "0", "-1", "2147483648", "2048.0")]
    [InlineData("NUM_CTX", "31", "1048577")]
    [InlineData("ENABLE_THINKING", "maybe", "2", "")]
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
    public void An_empty_SYSTEM_is_not_a_missing_one()
    {
        ModelfileReader.Parse("SYSTEM=\"\"").System.Should().BeEmpty();
        ModelfileReader.Parse("FROM=\"x\"").System.Should().BeNull();
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
