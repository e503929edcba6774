"""Those who vouch that the log only ever grew: how they are asked, and what one of them does."""
